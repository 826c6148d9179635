"""What can be wrong with what the board is given: each error's text says what was found and what was wanted."""


class MachineError(Exception):
    """Any refusal of the emulated board."""


class ImageError(MachineError):
    """The kernel's image cannot be loaded."""


class InitrdError(MachineError):
    """The initial RAM disk cannot be loaded."""


class DiskError(MachineError):
    """The file behind the block device cannot be used."""


class ConfigError(MachineError):
    """A setting of the board makes no sense."""


class StateError(MachineError):
    """A saved board cannot be restored here."""


def megabytes(size: int) -> str:
    """A size in bytes as a reader wants it: `12.5 MiB`, `640 KiB`, `17 bytes`."""
    if size >= 1 << 30:
        return f"{size / (1 << 30):.4g} GiB"
    if size >= 1 << 20:
        return f"{size / (1 << 20):.4g} MiB"
    if size >= 1 << 10:
        return f"{size / (1 << 10):.4g} KiB"
    return f"{size} bytes"
