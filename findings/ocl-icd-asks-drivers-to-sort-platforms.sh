#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-28 with ocl-icd 2.3.1 (Debian: ocl-icd-libopencl1=2.3.1-1, opencl-c-headers=3.0~2023.02.06-1).
#
# A program that only asks how many OpenCL platforms there are, clGetPlatformIDs(0, NULL, &count), has the ICD loader ask the
# drivers for their devices, too, as soon as there are two platforms or more: ocl-icd sorts platforms by what devices they have.
# With one platform it asks none. So the first call of OpenCL can already start every driver of the machine, and whatever
# clGetDeviceIDs costs or breaks in one of them happens there, before an application could leave that platform out.
# OCL_ICD_PLATFORM_SORT=none turns it off.
#
# The drivers here are two small ones of this file, which write down that they were asked.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder" # apt fetches as a user of its own
cd "$folder"
apt-get download -qq ocl-icd-libopencl1=2.3.1-1 opencl-c-headers=3.0~2023.02.06-1
for package in ./*.deb; do dpkg -x "$package" system; done
library=$(dirname "$(find "$folder/system" -name 'libOpenCL.so.1')")

cat >driver.c <<'C'
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl_icd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct _cl_icd_dispatch table;
struct _cl_platform_id { struct _cl_icd_dispatch *dispatch; };
static struct _cl_platform_id platform = {&table};

static cl_int CL_API_CALL platform_info(cl_platform_id id, cl_platform_info what, size_t room, void *value, size_t *size) {
    const char *text = what == CL_PLATFORM_EXTENSIONS ? "cl_khr_icd" : what == CL_PLATFORM_VERSION ? "OpenCL 1.2 " NAME : NAME;
    (void)id;
    if (size) *size = strlen(text) + 1;
    if (value && room <= strlen(text)) return CL_INVALID_VALUE;
    if (value) strcpy(value, text);
    return CL_SUCCESS;
}

static cl_int CL_API_CALL devices(cl_platform_id id, cl_device_type type, cl_uint room, cl_device_id *ids, cl_uint *count) {
    FILE *log = fopen(getenv("ASKED"), "a");
    (void)id, (void)type, (void)room, (void)ids;
    if (log) fprintf(log, "%s\n", NAME), fclose(log);
    if (count) *count = 0;
    return CL_DEVICE_NOT_FOUND;
}

CL_API_ENTRY cl_int CL_API_CALL clIcdGetPlatformIDsKHR(cl_uint room, cl_platform_id *ids, cl_uint *count) {
    table.clGetPlatformInfo = platform_info;
    table.clGetDeviceIDs = devices;
    if (count) *count = 1;
    if (ids && room) ids[0] = &platform;
    return CL_SUCCESS;
}

CL_API_ENTRY void *CL_API_CALL clGetExtensionFunctionAddress(const char *name) {
    if (strcmp(name, "clGetPlatformInfo") == 0) return (void *)platform_info;
    return strcmp(name, "clIcdGetPlatformIDsKHR") == 0 ? (void *)clIcdGetPlatformIDsKHR : NULL;
}
C
cat >count.c <<'C'
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <stdio.h>
int main(void) {
    cl_uint count = 0;
    cl_int code = clGetPlatformIDs(0, NULL, &count);
    printf("%u", code == CL_SUCCESS ? count : 99);
    return 0;
}
C
mkdir one two
for name in first second; do
    cc -shared -fPIC -w -Isystem/usr/include "-DNAME=\"$name\"" driver.c -o "$name.so"
    echo "$folder/$name.so" >"two/$name.icd"
done
cp two/first.icd one
cc -Isystem/usr/include count.c -o count "$library/libOpenCL.so.1"

failures=0
expect() { # VENDORS SORT PLATFORMS ASKED
    rm -f asked
    platforms=$(env ASKED=$folder/asked OCL_ICD_VENDORS=$folder/$1 ${2:+OCL_ICD_PLATFORM_SORT=$2} LD_LIBRARY_PATH=$library ./count)
    asked=$(sort -u asked 2>/dev/null | tr '\n' ' ')
    echo "drivers: $1, sort: ${2:-as it is}: $platforms platforms; asked for devices: ${asked:-none}"
    [ "$platforms" = "$3" ] && [ "$asked" = "$4" ] || failures=1
}
expect one '' 1 ''
expect two '' 2 'first second '
expect two none 2 ''
[ $failures = 0 ] || { echo "this is not what was seen"; exit 1; }
