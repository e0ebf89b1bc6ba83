# conf/clients.yaml goes into the binary. Included after weir_room(setup …), in the same directory scope.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/conf/clients.yaml)
file(READ ${CMAKE_SOURCE_DIR}/conf/clients.yaml WEIR_CLIENTS_YAML)
configure_file(setup/shipped_clients.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/setup/shipped_clients.cpp @ONLY)
target_sources(weir_setup PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/setup/shipped_clients.cpp)
