"""The trace: every request to a provider and its answer, for whoever debugs, without a secret in it.

It watches and changes nothing: what is sent, when, and what comes of it is the same with it and without.
"""

from reconciler.providers.trace.file import EndpointTrace, Exchange, Trace
from reconciler.providers.trace.operation import during

__all__ = ["EndpointTrace", "Exchange", "Trace", "during"]
