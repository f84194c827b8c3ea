-- For wrk: asks the lines of the file $ASKED in turns, and prints the 95th percentile, how many seconds it took and what went
-- wrong, in one line.
local asked, at = {}, 0
for line in io.lines(os.getenv("ASKED")) do asked[#asked + 1] = line end
request = function()
  at = at % #asked + 1
  return wrk.format("GET", asked[at])
end
done = function(summary, latency)
  local wrong = summary.errors
  io.write(string.format("p95_ms=%.2f requests=%d seconds=%.3f errors=%d\n", latency:percentile(95) / 1000,
    summary.requests, summary.duration / 1e6, wrong.connect + wrong.read + wrong.write + wrong.status + wrong.timeout))
end
