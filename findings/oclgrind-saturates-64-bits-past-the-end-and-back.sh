#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-12-01 with oclgrind 21.10 (Debian: oclgrind=21.10-3, liboclgrind-21.10=21.10-3), the simulator that looks for races and bad accesses; on x86-64.
#
# Saturating functions of 64 bits go past the end and come back: add_sat of the two least numbers is 0, sub_sat of 0 and the least one is the least one,
# mad_sat(-2, least + 1, least) is the least one, and not the largest but one. Those of 32 bits and less, and those of ulong, are right. So an
# accumulator of 64 bits that relies on add_sat is right on devices and wrong under the tool that was to vouch for it.
#
# sinpi, cospi and tanpi are the sine, cosine and tangent of x times pi in double: sinpi(1) is not 0, and cospi(1e30), whose argument is an even
# number, is 0.918 and not 1: phases of a rotation that are kept as turns end wherever the rounding of pi takes them.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder" # apt fetches as a user of its own
cd "$folder"
apt-get download -qq oclgrind=21.10-3 liboclgrind-21.10=21.10-3 libclang-cpp14=1:14.0.6-12 libllvm14=1:14.0.6-12
for package in ./*.deb; do dpkg -x "$package" system; done
libraries=$(find "$folder/system" -name '*.so*' -printf '%h\n' | sort -u | paste -sd :)
cat >see.cl <<'C'
kernel void see(global const long *a, global const long *b, global const long *c, global long *whole, global ulong *natural, global int *narrow,
                global const float *x, global float *turns) {
    size_t i = get_global_id(0);
    whole[3 * i] = add_sat(a[i], b[i]);
    whole[3 * i + 1] = sub_sat(a[i], b[i]);
    whole[3 * i + 2] = mad_sat(a[i], b[i], c[i]);
    natural[i] = add_sat((ulong)a[i], (ulong)b[i]);
    narrow[i] = add_sat((int)(a[i] >> 32), (int)(b[i] >> 32));
    turns[3 * i] = sinpi(x[i]);
    turns[3 * i + 1] = cospi(x[i]);
    turns[3 * i + 2] = tanpi(x[i]);
}
C
cat >see.sim <<'C'
see.cl
see
3 1 1
1 1 1
<size=24 long>
-9223372036854775808 0 -2
<size=24 long>
-9223372036854775808 -9223372036854775808 -9223372036854775807
<size=24 long>
7 7 -9223372036854775808
<size=72 fill=0 long dump>
<size=24 fill=0 ulong dump>
<size=12 fill=0 int dump>
<size=12 float>
1 1e30 0.25
<size=36 fill=0 float dump>
C
LD_LIBRARY_PATH=$libraries system/usr/bin/oclgrind-kernel see.sim >said
sed -n 's/^ *\([a-z]*\[.*\)/\1/p' said | tee seen
cat >expected <<'E'
whole[0] = 0
whole[1] = 0
whole[2] = 9223372036854775807
whole[3] = -9223372036854775808
whole[4] = -9223372036854775808
whole[5] = 7
whole[6] = -9223372036854775808
whole[7] = 9223372036854775805
whole[8] = -9223372036854775808
natural[0] = 18446744073709551615
natural[1] = 9223372036854775808
natural[2] = 18446744073709551615
narrow[0] = -2147483648
narrow[1] = -2147483648
narrow[2] = -2147483648
turns[0] = 1.22465e-16
turns[1] = -1
turns[2] = -1.22465e-16
turns[3] = -0.396073
turns[4] = 0.918219
turns[5] = -0.431349
turns[6] = 0.707107
turns[7] = 0.707107
turns[8] = 1
E
cmp seen expected || {
    echo "this is not what was seen"
    exit 1
}
