# SPDX-License-Identifier: MIT
"""A recipe for Conan 2. Untried: written after its documentation, and only its syntax was checked.

In a source tree: conan create packaging/conan
"""
import os

from conan import ConanFile
from conan.tools.files import copy
from conan.tools.gnu import PkgConfigDeps
from conan.tools.meson import Meson, MesonToolchain

FEATURES = {"opencl": ("opencl", "opencl-icd-loader/[>=2023]"), "png": ("libpng", "libpng/[>=1.6 <2]"),
            "jpeg": ("libturbojpeg", "libjpeg-turbo/[>=2.0]"), "json": ("jansson", "jansson/[>=2.11]"), "npz": ("libzip", "libzip/[>=1.5 <2]")}


class Soma(ConanFile):
    name = "soma"
    version = "0.1.0"
    description = "Neural networks on any OpenCL device or a plain CPU"
    license = "MIT"
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False], **{name: [True, False] for name in FEATURES}}
    default_options = {"shared": False, "fPIC": True, **{name: True for name in FEATURES}}

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..", "..")
        for pattern in ("LICENSE", "meson.build", "meson_options.txt", "src/*", "include/*", "kernels/*", "packaging/*", "data/*", "docs/*", "examples/*",
                        "tests/*", "tools/*", "python/*", "subprojects/*.wrap", "subprojects/packagefiles/*"):
            copy(self, pattern, root, self.export_sources_folder)

    def requirements(self):
        self.requires("zlib/[>=1.2 <2]")
        for name, (_, reference) in FEATURES.items():
            if self.options.get_safe(name):
                self.requires(reference)

    def build_requirements(self):
        self.tool_requires("meson/[>=1.0]")
        self.tool_requires("pkgconf/[>=2.0]")

    def generate(self):
        toolchain = MesonToolchain(self)
        toolchain.project_options |= {"tests": "disabled", "mpi": "disabled", "onnx": "disabled", "clblast": "disabled", "zlib": "enabled"}
        for name, (option, _) in FEATURES.items():
            toolchain.project_options[option] = "enabled" if self.options.get_safe(name) else "disabled"
        toolchain.generate()
        PkgConfigDeps(self).generate()

    def build(self):
        meson = Meson(self)
        meson.configure()
        meson.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        Meson(self).install()

    def package_info(self):
        self.cpp_info.libs = ["soma"]
        self.cpp_info.set_property("pkg_config_name", "soma")
        self.cpp_info.system_libs = ["m", "pthread", "dl"]
