# What `cmake --install` puts where, and the Debian package: cpack --config build/release/CPackConfig.cmake -G DEB
include(GNUInstallDirs)
# Installing takes what has been built and does not build the tests first.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

set(here ${CMAKE_SOURCE_DIR}/deploy/package)
install(TARGETS weir RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${here}/weir.yaml ${CMAKE_SOURCE_DIR}/conf/prices.yaml DESTINATION /etc/weir)
install(FILES ${here}/logrotate DESTINATION /etc/logrotate.d RENAME weir)
install(FILES ${CMAKE_SOURCE_DIR}/conf/weir.yaml ${CMAKE_SOURCE_DIR}/conf/REFERENCE.md ${CMAKE_SOURCE_DIR}/conf/weir.schema.json ${CMAKE_SOURCE_DIR}/README.md
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/weir)
install(FILES ${CMAKE_SOURCE_DIR}/deploy/CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/weir)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/weir RENAME copyright)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/deploy/guide DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/weir)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/conf/examples DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/weir)
install(FILES ${CMAKE_SOURCE_DIR}/deploy/systemd/weir.service ${CMAKE_SOURCE_DIR}/deploy/systemd/weir.socket
  DESTINATION /lib/systemd/system)
install(FILES ${CMAKE_SOURCE_DIR}/deploy/systemd/weir.sysusers DESTINATION /usr/lib/sysusers.d RENAME weir.conf)
install(FILES ${here}/weir.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${here}/weir.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME weir)
install(FILES ${here}/_weir DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME weir)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "the weir maintainers <weir@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "gateway between applications and LLM providers")
set(CPACK_PACKAGE_DESCRIPTION "weir is an HTTPS reverse proxy for LLM traffic: weighted pools of providers, retries before the first byte, streams passed on event by event, tokens and cost of each request in a ledger.")
# Paths of the unit and of the conf are absolute, so the prefix is no choice here.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, passwd")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${here}/postinst ${here}/prerm ${here}/postrm ${here}/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
