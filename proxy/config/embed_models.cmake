# conf/models.yaml goes into the binary. Included after weir_room(config …), in the same directory scope.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/conf/models.yaml)
file(READ ${CMAKE_SOURCE_DIR}/conf/models.yaml WEIR_MODELS_YAML)
configure_file(config/shipped_models.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/config/shipped_models.cpp @ONLY)
target_sources(weir_config PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/config/shipped_models.cpp)
