# SPDX-License-Identifier: MIT
# Untried: written after Homebrew's documentation, and only its syntax was checked. url and sha256 are those of a release's tarball (meson dist).
class Soma < Formula
  desc "Neural networks on any OpenCL device or a plain CPU"
  homepage "https://example.org/soma"
  url "https://example.org/soma/soma-0.1.0.tar.xz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "MIT"

  depends_on "meson" => :build
  depends_on "ninja" => :build
  depends_on "pkgconf" => :build
  depends_on "jansson"
  depends_on "jpeg-turbo"
  depends_on "libpng"
  depends_on "libzip"
  uses_from_macos "zlib"

  on_linux do
    depends_on "opencl-headers" => :build
    depends_on "opencl-icd-loader"
  end

  def install
    system "meson", "setup", "build", "-Dtests=disabled", "-Dmpi=disabled", "-Donnx=auto", *std_meson_args
    system "meson", "compile", "-C", "build", "--verbose"
    system "meson", "install", "-C", "build"
  end

  test do
    system bin/"soma", "train", "--device", "cpu", "--data", "digits", "--epochs", "2", "--save", testpath/"digits.safetensors"
    (testpath/"test.c").write <<~C
      #include <soma/soma.h>
      int main(void) { return soma_version()[0] == 0; }
    C
    system ENV.cc, "test.c", "-I#{include}", "-L#{lib}", "-lsoma", "-o", "test"
    system "./test"
  end
end
