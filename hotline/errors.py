"""What can go wrong around the service, told to whoever runs it."""


class HotlineError(Exception):
    """Something that a person must put right. Its text says what is wrong and what to do, in one line."""


class UsageError(HotlineError):
    """The command was given something it cannot take."""


class NotRunningError(HotlineError):
    """A command needs a service that does not run."""


class StartError(HotlineError):
    """The service could not be started."""
