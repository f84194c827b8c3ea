"""A run as a trace of OpenTelemetry's: a span for the run, one for each of its stages.

Off until `APOD_EXTRAS` names `traces` and OpenTelemetry's own variables name a collector. Nothing of OpenTelemetry's
is imported before a run, or a step of one, has ended.

identity   the trace and the span that a run has, by its name alone: steps in many processes make one trace
told       an outcome as spans, plain values
sending    to the collector, once, and not for long
plainly    as OTLP's protobuf, where no variable asks for more
by_sdk     by OpenTelemetry's SDK, elsewhere
plug       what is plugged into the core
listener   is told of runs
"""
