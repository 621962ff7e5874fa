"""What is told of an error that nobody foresaw."""


def place(error: BaseException) -> str:
    """What kind of error it was, and where it arose: enough to find it by, and nothing that it was about."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"
