#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Installs into a directory of its own and uses what lies there: library, headers, pkg-config file, program, data.

Usage: installation_test.py MESON BUILD PREFIX training|no-training C++-COMPILER-OR-EMPTY COMPILER ARGUMENT...
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SKIP = 77
CONSUMER = Path(__file__).parent / "consumer.c"
CMAKE_PROJECT = """cmake_minimum_required(VERSION 3.16)
project(consumer C)
find_package(soma 0.1 REQUIRED)
add_executable(shared consumer.c)
target_link_libraries(shared PRIVATE soma::soma)
add_executable(static consumer.c)
target_link_libraries(static PRIVATE soma::soma_static)
"""
MESON_PROJECT = """project('consumer', 'c', default_options: ['c_std=c11'])
executable('shared', 'consumer.c', dependencies: dependency('soma', fallback: 'soma', static: false))
executable('static', 'consumer.c', dependencies: dependency('soma', fallback: 'soma', static: true))
"""


def fail(message):
    print(message)
    sys.exit(1)


def run(command, expect_success=True, **options):
    """What the command printed on stdout; ends the test if its success is not as expected."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if (done.returncode == 0) != expect_success:
        fail(f"{' '.join(map(str, command))}\nexit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout if expect_success else done.stderr


def find_one(root, pattern):
    found = sorted(root.rglob(pattern))
    if not found:
        fail(f"{pattern} was not installed")
    return found[0]


def build_consumers(root, work, cc, cxx, environment):
    """Against the shared library, against the static one, and as C++; each must run."""
    def pkg_config(*arguments):
        return run(["pkg-config", *arguments, "soma"], env=environment).split()

    version = pkg_config("--modversion")[0]
    static_library = str(find_one(root, "libsoma.a"))
    static = [static_library if word == "-lsoma" else word for word in pkg_config("--static", "--libs")]
    builds = {
        "shared": cc + [CONSUMER] + pkg_config("--cflags", "--libs"),
        "static": cc + [CONSUMER] + pkg_config("--cflags") + static,
    }
    if cxx:
        builds["cplusplus"] = cxx.split() + ["-x", "c++"] + cc[1:] + [CONSUMER, "-x", "none"] + pkg_config("--cflags", "--libs")
    for name, command in builds.items():
        run(command + ["-o", work / name])
        words = run([work / name], env=environment).split()
        if words != [version, "7"]:
            fail(f"{name}: expected version {version} and 7, found {words}")
        print(f"{name} program: built by pkg-config's flags and run")


def build_with_cmake(prefix, work, environment):
    """find_package(soma), once for the shared library and once for the static one."""
    if not shutil.which("cmake"):
        print("CMake is not installed: find_package(soma) is not tried")
        return
    source = work / "cmake"
    source.mkdir()
    shutil.copy(CONSUMER, source)
    (source / "CMakeLists.txt").write_text(CMAKE_PROJECT, encoding="utf-8")
    run(["cmake", "-G", "Ninja", "-S", source, "-B", source / "build", f"-DCMAKE_PREFIX_PATH={prefix}"], env=environment)
    run(["cmake", "--build", source / "build"], env=environment)
    for name in ("shared", "static"):
        if not run([source / "build" / name], env=environment).endswith(" 7\n"):
            fail(f"the {name} program that CMake built gave another result")
    print("CMake: find_package(soma), shared and static, built and run")


def build_device(meson, root, work, environment):
    """The template of a device, as it is installed, held against the reference by the installed program."""
    source = work / "device"
    shutil.copytree(find_one(root, "share/soma/device-template"), source)
    run([meson, "setup", source / "build", source, "--werror"], env=environment)
    run([meson, "compile", "-C", source / "build"], env=environment)
    plugin = {**environment, "SOMA_PLUGINS": str(source / "build" / "template.so")}
    report = run([find_one(root, "bin/soma"), "check", "--device=template"], env=plugin).splitlines()
    native = [line.split()[0] for line in report if " native " in line]
    if "fill" not in native or "gemm" in native:
        fail("soma check of the template device said:\n" + "\n".join(report))
    print(f"device template: built and checked; native are {', '.join(native)}")


def build_subproject(meson, work, environment):
    """dependency('soma', fallback: 'soma'), compiled without what is optional to be quick."""
    source = work / "meson"
    (source / "subprojects").mkdir(parents=True)
    (source / "subprojects" / "soma").symlink_to(Path(__file__).resolve().parents[2])
    shutil.copy(CONSUMER, source)
    (source / "meson.build").write_text(MESON_PROJECT, encoding="utf-8")
    run([meson, "setup", source / "build", source, "--buildtype=debug", "-Ddebug=false", "-Dauto_features=disabled", "-Dsoma:training=false",
         "--wrap-mode=forcefallback", "-Dforce_fallback_for=soma"], env=environment)
    run([meson, "compile", "-C", source / "build"], env=environment)
    for name in ("shared", "static"):
        if not run([source / "build" / name], env=environment).endswith(" 7\n"):
            fail(f"the {name} program of a project with soma inside gave another result")
    print("Meson: soma as a subproject, shared and static, built and run")


def use_program(root, training, work, environment):
    """The installed program trains on the installed digits: it says so when they are damaged."""
    program = find_one(root, "bin/soma")
    command = [program, "train", "--data", "digits", "--device=cpu", "--epochs", "2", "--seed", "1", "--quiet"]
    if not training:
        if "-Dtraining=false" not in run(command, expect_success=False, env=environment, cwd=work):
            fail("soma train did not say that it was built without training")
        return
    run(command + ["--save", "model.safetensors"], env=environment, cwd=work)
    report = json.loads(run(command + ["--json"], env=environment, cwd=work))
    if not 0.5 < report["test_accuracy"] <= 1:
        fail(f"two epochs on the digits gave {report}")
    print(f"installed program: test accuracy {report['test_accuracy']:.3f} after two epochs")

    images = find_one(root, "share/soma/digits/train-images-idx3-ubyte.gz")
    images.write_bytes(images.read_bytes()[:1000])
    message = run(command, expect_success=False, env=environment, cwd=work)
    if images.name not in message:
        fail(f"with {images} damaged the program said: {message}")
    print("with its data damaged it names the file")


def survive_a_driver(root, work, environment):
    """The installed program finds the installed one that tries drivers, and no other."""
    stubs = os.environ.get("STUB_DRIVERS")
    if not stubs:
        print("built without OpenCL: there are no drivers to try")
        return
    find_one(root, "libexec/soma-probe-opencl")
    driver = work / "stub.icd"
    driver.write_text(stubs.split(":")[0] + "\n", encoding="utf-8")
    stub = {**environment, "OCL_ICD_VENDORS": str(driver), "OCL_ICD_FILENAMES": "", "STUB_DRIVER": "abort", "SOMA_CACHE_DIR": str(work / "cache")}
    listed = run([find_one(root, "bin/soma"), "devices"], env=stub)
    if "Stub: asked for its devices, it ended the process (SIGABRT)" not in listed:
        fail(f"with a driver that fails, soma devices said:\n{listed}")
    print("a driver that ends the process is passed over")


def main():
    meson, build, prefix, training, cxx, *cc = sys.argv[1:]
    if Path(cc[0]).name == "ccache":
        cc = cc[1:]
    if not shutil.which("pkg-config"):
        print("pkg-config is not installed")
        return SKIP
    with tempfile.TemporaryDirectory() as directory:
        work, root = Path(directory), Path(directory, "root")
        run([meson, "install", "--quiet", "--no-rebuild", "-C", build, "--destdir", root])
        pc_file = find_one(root, "soma.pc")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SOMA_")}
        environment.pop("LD_LIBRARY_PATH", None)
        environment["PKG_CONFIG_SYSROOT_DIR"] = str(root)
        environment["PKG_CONFIG_PATH"] = str(pc_file.parent)
        use_program(root / prefix.lstrip("/"), training == "training", work, environment)
        survive_a_driver(root / prefix.lstrip("/"), work, environment)
        environment["LD_LIBRARY_PATH"] = str(pc_file.parent.parent)
        build_consumers(root, work, cc, cxx, environment)
        if len(cc) == 1:  # a sanitizer, or another architecture's libraries, would have to be in those programs too
            build_with_cmake(root / prefix.lstrip("/"), work, environment)
            build_device(meson, root, work, environment)
            build_subproject(meson, work, environment)
        find_one(root, "man1/soma.1")
    return 0


if __name__ == "__main__":
    sys.exit(main())
