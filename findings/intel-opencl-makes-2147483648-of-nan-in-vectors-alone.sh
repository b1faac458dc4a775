#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with intel-opencl-rt 2026.2.0 (PyPI, the latest; by way of pyopencl 2026.1.4, with numpy 2.4.6); on x86-64.
#
# OpenCL C has NaN become 0 in conversions that saturate (it "should"), as a quantisation relies on which has nothing but _sat between it
# and a broken number. In Intel's runtime for processors of SSE4 or AVX2 convert_uint_sat(NaN) is 0, and convert_uint4_sat of a vector has 2147483648
# for it, the middle of the range, which no test for saturation would look at; for processors with AVX-512 both are 4294967295. With _rte
# written out, and to int4, it is 0, and the numbers beside the NaN are right. So a kernel that is widened to four numbers an item, or moved to
# another processor, has other results than before.
#
# normalize() makes NaN of a vector of zeros, where its own fast_normalize() and its normalize() of a single number give back 0.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check intel-opencl-rt==2026.2.0 intel-cmplr-lib-rt==2026.2.0 pyopencl==2026.1.4 numpy==2.4.6
library=$(find "$folder/venv" -name libintelocl.so)
cat >see.py <<'P'
import numpy
import pyopencl

SOURCE = """
kernel void see(global const float *in, global uint *whole, global float *vector) {
    float nan = in[0], zero = in[1];
    float4 four = (float4)(nan, 1, -2, 1e30f), zeros = (float4)(zero);
    whole[0] = convert_uint_sat(nan);
    whole[1] = convert_int_sat(nan);
    vstore4(convert_uint4_sat(four), 0, whole + 2);
    vstore4(convert_uint4_sat_rte(four), 1, whole + 2);
    vstore4(as_uint4(convert_int4_sat(four)), 2, whole + 2);
    vector[0] = normalize(zeros.xy).x;
    vector[1] = normalize(zeros).x;
    vector[2] = normalize(zero);
    vector[3] = fast_normalize(zeros).x;
    vector[4] = normalize((float4)(zero, zero, zero, 1e-30f)).w;
}
"""
print("pyopencl", pyopencl.VERSION_TEXT)
platform, = pyopencl.get_platforms()
device = platform.get_devices()[0]
context = pyopencl.Context([device])
queue = pyopencl.CommandQueue(context)
kernel = pyopencl.Program(context, SOURCE).build().see
whole, vector = numpy.zeros(14, numpy.uint32), numpy.zeros(5, numpy.float32)
flags = pyopencl.mem_flags
buffers = [pyopencl.Buffer(context, flags.READ_WRITE | flags.COPY_HOST_PTR, hostbuf=array)
           for array in (numpy.array([numpy.nan, 0], numpy.float32), whole, vector)]
kernel(queue, (1,), None, *buffers)
pyopencl.enqueue_copy(queue, whole, buffers[1])
pyopencl.enqueue_copy(queue, vector, buffers[2])
print(f"{platform.name}, {device.driver_version}")
for text, values in ("convert_uint_sat, convert_int_sat of NaN", whole[:2]), ("convert_uint4_sat", whole[2:6]), ("convert_uint4_sat_rte", whole[6:10]), \
        ("convert_int4_sat", whole[10:].view(numpy.int32)), ("normalize of zeros: 2, 4, 1, fast; of a small one", vector):
    print(f"  {text}: {values.tolist()}")
if whole[:10].tolist() != [0, 0, 2**31, 1, 0, 2**32 - 1, 0, 1, 0, 2**32 - 1] or whole[10] != 0 \
        or numpy.isnan(vector).tolist() != [True, True, False, False, False] or vector[2:].tolist() != [0, 0, 1]:
    raise SystemExit("this is not what was seen")
P
for target in corei7 core-avx2; do # with AVX-512 it is otherwise
    PYOPENCL_NO_CACHE=1 LD_LIBRARY_PATH=$folder/venv/lib OCL_ICD_FILENAMES=$library OCL_ICD_VENDORS=$library CL_CONFIG_CPU_TARGET_ARCH=$target venv/bin/python -W ignore see.py || exit 1
done
