"""Runs other predictors of accelerators on networks, one after the other, and prints the seconds that each took.

  npu_peers.py vela FOLDER FILE.tflite ...
  npu_peers.py scalesim FOLDER FILE.csv ...

Imports are not timed. What the tools print goes to FOLDER/log.
"""
import contextlib
import importlib
import os
import sys
import time


def vela(folder, file):
    main = importlib.import_module("ethosu.vela.vela").main
    return lambda: main([file, "--accelerator-config", "ethos-u65-512", "--output-dir", folder])


CONFIG = """[general]
run_name = {name}

[architecture_presets]
ArrayHeight: 64
ArrayWidth: 64
IfmapSramSzkB: 3072
FilterSramSzkB: 7680
OfmapSramSzkB: 3072
IfmapOffset: 0
FilterOffset: 10000000
OfmapOffset: 20000000
Dataflow: ws
Bandwidth: 64
ReadRequestBuffer: 32
WriteRequestBuffer: 32
MemoryBanks: 1

[layout]
IfmapCustomLayout: False
IfmapSRAMBankBandwidth: 10
IfmapSRAMBankNum: 10
IfmapSRAMBankPort: 2
FilterCustomLayout: False
FilterSRAMBankBandwidth: 10
FilterSRAMBankNum: 10
FilterSRAMBankPort: 2

[sparsity]
SparsitySupport: false
SparseRep: ellpack_block
OptimizedMapping: false
BlockSize: 8
RandomNumberGeneratorSeed: 40

[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""


def scalesim(folder, file):
    simulator = importlib.import_module("scalesim.scale_sim").scalesim
    config = os.path.join(folder, "scale.cfg")
    with open(config, "w") as out:
        out.write(CONFIG.format(name="of_" + os.path.basename(file)))

    # It asks for a memory layout of every layer, which the settings above switch off.
    layout = os.path.join(folder, "layout.csv")
    with open(file) as topology, open(layout, "w") as out:
        names = [line.split(",")[0] for line in topology if line.strip()]
        out.write("Layer name,\n" + "".join(name + ", 1" * 20 + ",\n" for name in names[1:]))

    def run():
        sim = simulator(
            save_disk_space=True, verbose=False, config=config, topology=file, layout=layout, input_type_gemm=False
        )
        sim.run_scale(top_path=folder)

    return run


def main():
    tool, folder, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    prepare = {"vela": vela, "scalesim": scalesim}[tool]
    answers = sys.stdout
    with open(os.path.join(folder, "log"), "w") as log, contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        for file in files:
            run = prepare(folder, file)
            start = time.perf_counter()
            with contextlib.suppress(SystemExit):
                run()
            answers.write(f"{time.perf_counter() - start:.6f}\n")
            answers.flush()


if __name__ == "__main__":
    main()
