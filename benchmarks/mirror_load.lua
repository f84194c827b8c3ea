-- For wrk: asks the lines of the file $ASKED in turns, and prints the 95th percentile and what went wrong, in one line.
local asked, at = {}, 0
for line in io.lines(os.getenv("ASKED")) do asked[#asked + 1] = line end
request = function()
  at = at % #asked + 1
  return wrk.format("GET", asked[at])
end
done = function(summary, latency)
  local wrong = summary.errors
  io.write(string.format("p95_ms=%.2f requests=%d errors=%d\n", latency:percentile(95) / 1000, summary.requests,
    wrong.connect + wrong.read + wrong.write + wrong.status + wrong.timeout))
end
