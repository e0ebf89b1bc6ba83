# What `cmake --install` puts where, and the packages:
#   cpack --config build/release/CPackConfig.cmake -G DEB
#   cpack --config build/release/CPackConfig.cmake -G TGZ
include(GNUInstallDirs)
# Installing takes what has been built and does not build the tests first.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

set(here ${CMAKE_SOURCE_DIR}/deploy/package)
set(packed ${CMAKE_BINARY_DIR}/package)

# Debian wants manuals and changelogs compressed, and the same bytes each time.
find_program(WEIR_GZIP gzip REQUIRED)
function(install_compressed file folder name)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(MAKE_DIRECTORY ${packed})
  execute_process(COMMAND ${WEIR_GZIP} -9nc ${file} OUTPUT_FILE ${packed}/${name} COMMAND_ERROR_IS_FATAL ANY)
  install(FILES ${packed}/${name} DESTINATION ${folder})
endfunction()

install(TARGETS weir RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${here}/weir.yaml ${CMAKE_SOURCE_DIR}/conf/prices.yaml DESTINATION /etc/weir)
install(FILES ${here}/logrotate DESTINATION /etc/logrotate.d RENAME weir)
install(FILES ${CMAKE_SOURCE_DIR}/conf/weir.yaml ${CMAKE_SOURCE_DIR}/conf/REFERENCE.md ${CMAKE_SOURCE_DIR}/conf/weir.schema.json ${CMAKE_SOURCE_DIR}/README.md
  ${CMAKE_SOURCE_DIR}/deploy/CHANGELOG.md ${here}/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/weir)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/deploy/guide DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/weir)
install_compressed(${here}/changelog ${CMAKE_INSTALL_DATADIR}/doc/weir changelog.gz)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/conf/examples DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/weir)
install(FILES ${CMAKE_SOURCE_DIR}/deploy/systemd/weir.service ${CMAKE_SOURCE_DIR}/deploy/systemd/weir.socket
  DESTINATION /lib/systemd/system)
install(FILES ${CMAKE_SOURCE_DIR}/deploy/systemd/weir.sysusers DESTINATION /usr/lib/sysusers.d RENAME weir.conf)
install_compressed(${here}/weir.1 ${CMAKE_INSTALL_MANDIR}/man1 weir.1.gz)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/conf/REFERENCE.md ${here}/reference_to_man.awk)
execute_process(COMMAND awk -f ${here}/reference_to_man.awk ${CMAKE_SOURCE_DIR}/conf/REFERENCE.md OUTPUT_FILE ${packed}/weir.yaml.5 COMMAND_ERROR_IS_FATAL ANY)
install_compressed(${packed}/weir.yaml.5 ${CMAKE_INSTALL_MANDIR}/man5 weir.yaml.5.gz)
install(FILES ${here}/weir.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME weir)
install(FILES ${here}/_weir DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${here}/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME weir)

# The tarball's program looks for its libraries beside itself.
install(CODE "execute_process(COMMAND ${here}/tarball-root.sh $<TARGET_FILE:weir> \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX} COMMAND_ERROR_IS_FATAL ANY)"
  COMPONENT tarball EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PROJECT_CONFIG_FILE ${here}/generators.cmake)
set(CPACK_WEIR_BUILD ${CMAKE_BINARY_DIR})
set(CPACK_WEIR_MACHINE ${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_PACKAGE_NAME weir)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "the weir maintainers <maintainers@weir.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "gateway between applications and LLM providers")
set(CPACK_PACKAGE_DESCRIPTION "weir is an HTTPS reverse proxy for LLM traffic: weighted pools of
providers, retries before the first byte, streams passed on event by
event, tokens and cost of each request in a ledger.")
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
