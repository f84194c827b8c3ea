"""A run as a trace of OpenTelemetry's: a span for the run, one for each of its stages.

Off until `APOD_EXTRAS` names `traces` and OpenTelemetry's own variables name a collector. Nothing of OpenTelemetry's is
imported before a run, or a step of one, has ended.

identity   the trace and the span that a run has, by its name alone: steps in many processes make one trace
spans      an outcome as spans
sending    to the collector, once, and not for long
listener   what is plugged into the core
"""
