# Read by cpack for each generator: the tarball is one component of its own, everything else is the Debian package.
if(CPACK_GENERATOR STREQUAL "TGZ")
  set(CPACK_SET_DESTDIR OFF)
  set(CPACK_INSTALL_CMAKE_PROJECTS "${CPACK_WEIR_BUILD};weir;tarball;/")
  set(CPACK_PACKAGE_FILE_NAME "weir-${CPACK_PACKAGE_VERSION}-linux-${CPACK_WEIR_MACHINE}")
endif()
