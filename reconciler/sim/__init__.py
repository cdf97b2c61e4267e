"""Simulated providers: processes of their own that keep the ground truth and a ledger of every request.

They exist so that the real client libraries can be run, and broken, without a provider. Nothing but the
CLI imports this package, and it imports nothing of ours but `errors`: a simulator that shared code with
a driver would agree with the driver's mistakes.
"""
