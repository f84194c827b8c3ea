"""One close approach of an asteroid or comet, and its row: every field declared once, with its unit.

Takes and gives plain values. Pure. Names are the service's own where it has one. Examples are invented.
"""

from __future__ import annotations

from apod_pipeline.dataset.fields import Columns, Field

ENTRY = (
    Field("approach", "name", "our own name of this approach, whatever becomes of it", example="2031-XY1-4b1d"),
    Field("date", "day", "the day of the approach, TDB: it can still move", example="2031-05-17"),
    Field("des", "text", "primary designation of the asteroid or comet", example="2031 XY1"),
    Field("fullname", "text", "designation and name", nullable=True, example="(2031 XY1)"),
    Field("ca_body", "name", "what it comes close to", example="Earth"),
    Field("orbit_id", "name", "orbit solution that this was computed from: a name, not a number", example="12"),
    Field("jd", "number", "time of the approach", example=2463003.947210648, measure="Julian date, TDB"),
    Field("cd", "text", "the same to the minute, as served, TDB", example="2031-May-17 10:44"),
    Field(
        "utc",
        "instant",
        "the same in UTC, to the second; none before 1972",
        nullable=True,
        example="2031-05-17T10:42:50Z",
    ),
    Field("utc_predicted", "truth", "whether leap seconds that nobody has announced yet could move it", example=True),
    Field("dist", "number", "nominal distance, centre to centre", example=0.0123456789012345, measure="au"),
    Field("dist_min", "number", "least distance, three sigma", example=0.0123401234567891, measure="au"),
    Field("dist_max", "number", "greatest distance, three sigma", example=0.0123509876543211, measure="au"),
    Field("v_rel", "number", "velocity relative to the body", example=7.65432109876543, measure="km/s"),
    Field(
        "v_inf",
        "number",
        "velocity relative to a body without mass; absent for an object in orbit around it",
        nullable=True,
        example=7.51234567890123,
        measure="km/s",
    ),
    Field("t_sigma_f", "text", "uncertainty of the time, three sigma, as served: days_hours:minutes", example="00:17"),
    Field("t_sigma", "number", "the same", example=17.0, measure="minutes"),
    Field("h", "number", "absolute magnitude; absent for comets", nullable=True, example=24.6, measure="mag"),
    Field("diameter", "number", "diameter, where one was measured", nullable=True, example=0.34, measure="km"),
    Field("diameter_sigma", "number", "its uncertainty, one sigma", nullable=True, example=0.04, measure="km"),
    Field(
        "digits",
        "object",
        "numbers that were served with other digits than PostgreSQL writes (jd: than nine decimals), as served",
        nullable=True,
        example={"h": "24.60"},
    ),
)

COLUMNS = Columns(
    ENTRY,
    ("approach", "date", "des", "utc", "dist", "dist_min", "dist_max", "v_rel", "t_sigma_f", "h", "orbit_id"),
    day="date",
)
