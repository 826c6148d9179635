"""What to write instead of things that Python has and guest Python has not."""

def missing(name: str) -> str:
    """Advice for one of Python's functions or methods; may be empty."""
    return {
        "list": "use Array[T, N] or Ring from atoll.userland.runtime.containers",
        "dict": "use Table from atoll.userland.runtime.containers",
        "set": "use Table from atoll.userland.runtime.containers",
        "sum": "write a loop", "sorted": "write a loop", "map": "write a loop", "filter": "write a loop",
        "zip": "write a loop over range(len(a))", "isinstance": "types are known when a program is compiled",
        "input": "there is no input yet", "open": "there are no files yet",
        "chr": "slice a text, or put bytes into an Array[u8, N]", "join": "write an f-string",
        "format": "write an f-string", "append": "use Ring from atoll.userland.runtime.containers",
        "super": "there is no inheritance",
    }.get(name, "")  # fmt: skip
