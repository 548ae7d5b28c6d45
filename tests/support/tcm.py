"""The denoiser in the fast memories of an emulated STM32F746, by ``tcm.ld``."""

from pathlib import Path

from lstm_se.chip import builds, toolchain

SCRIPT = Path(__file__).with_name("stm32f746_tcm.ld")
HOOKS = ('-DSE_FAST_SECTION=".se_itcm"', '-DSE_FAST_DATA_SECTION=".se_dtcm"')
HOOKS += ('-DSE_SHARED_SECTION=".se_dtcm"', "-DSE_EXAMPLE_TCM")
ITCM, DTCM = range(16 << 10), range(0x2000_0000, 0x2001_0000)
FLASH = 0x0800_0000


def begins_with_vectors(cpu):
    """Whether the flash has at its beginning what the chip looks for there after a reset."""
    first_code = int.from_bytes(cpu.read(FLASH + 4, 4), "little")
    return first_code == cpu.symbols["Reset_Handler"].address | 1


def outside(stream, hop):
    """Where code lies that runs while a hop is denoised, with a limit, and is not in ITCM."""
    stream.set_limit(12)
    with stream.cpu.tracing() as blocks:
        stream.process(hop)
    stream.set_limit(None)
    stream.reset()
    return {hex(address) for address, _ in blocks if address not in ITCM}


def start(folder, options, compiler=None, model=None):
    """A stream whose code and tables the program itself has copied to where they run.

    The emulator loads them there, as a debugger may and a reset does not: they are wiped first.
    """
    firmware = toolchain.copy_firmware(folder / "firmware", model)
    port, denoiser = firmware / "port/mps2_an500", firmware / "speech_denoiser"
    where = f'"{denoiser}/tcm.ld"'  # zig hands no -L on to its linker
    (port / "mps2_an500.ld").write_text(SCRIPT.read_text().replace("tcm.ld", where))
    sources = [port / "main.c", firmware / "examples/tcm/load.c"]
    options = (*options, *HOOKS, "-Wl,--no-gc-sections")  # nobody calls tcm_load but this file
    elf = toolchain.build_elf(folder / "tcm.elf", sources, options, compiler, firmware)
    stream = builds.CortexStream(elf)
    for memory in (ITCM, DTCM):
        stream.cpu.write(memory.start, b"\xff" * len(memory))
    stream.cpu.call("tcm_load")
    stream.state = stream.cpu.symbols["tcm_denoiser"].address
    stream.reset()
    return stream
