# SPDX-License-Identifier: MIT
# Untried: written after vcpkg's documentation, and only its form was checked. The archive is a release's tarball (meson dist).
vcpkg_download_distfile(ARCHIVE
    URLS "https://example.org/soma/soma-0.1.0.tar.xz"
    FILENAME "soma-0.1.0.tar.xz"
    SHA512 0)
vcpkg_extract_source_archive(SOURCE_PATH ARCHIVE "${ARCHIVE}")

set(OPTIONS -Dtests=disabled -Dmpi=disabled -Dpython=disabled -Dclblast=disabled -Donnx=disabled -Dzlib=enabled)
foreach(pair IN ITEMS opencl:opencl pictures:libpng pictures:libturbojpeg json:jansson npz:libzip)
    string(REPLACE ":" ";" pair "${pair}")
    list(GET pair 0 feature)
    list(GET pair 1 option)
    if(feature IN_LIST FEATURES)
        list(APPEND OPTIONS "-D${option}=enabled")
    else()
        list(APPEND OPTIONS "-D${option}=disabled")
    endif()
endforeach()

vcpkg_configure_meson(SOURCE_PATH "${SOURCE_PATH}" OPTIONS ${OPTIONS})
vcpkg_install_meson()
vcpkg_fixup_pkgconfig()
vcpkg_copy_tools(TOOL_NAMES soma AUTO_CLEAN)
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
