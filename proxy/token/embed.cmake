# Makes the vocabulary images that proxy/token/vocabulary_image.cpp takes into the binary. Included after
# weir_room(token …), in the same directory scope.
add_executable(weir_make_token_image token/embed/make_image.cpp)
target_link_libraries(weir_make_token_image PRIVATE weir_flags)
# It runs once per build; a Debug build should not wait for it.
target_compile_options(weir_make_token_image PRIVATE -O2)

set(WEIR_TOKEN_IMAGES)
foreach(name cl100k o200k)
  set(ranks ${CMAKE_SOURCE_DIR}/third_party/tokens/${name}_base.ranks)
  set(image ${CMAKE_CURRENT_BINARY_DIR}/token/${name}.image)
  add_custom_command(
    OUTPUT ${image}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/token
    COMMAND weir_make_token_image ${ranks} ${image}
    DEPENDS ${ranks} weir_make_token_image
    COMMENT "Making the token image ${name}"
    VERBATIM)
  list(APPEND WEIR_TOKEN_IMAGES ${image})
endforeach()

list(GET WEIR_TOKEN_IMAGES 0 WEIR_IMAGE_CL100K)
list(GET WEIR_TOKEN_IMAGES 1 WEIR_IMAGE_O200K)
# Top-level assembler and link-time optimisation do not go together.
set_source_files_properties(token/vocabulary_image.cpp PROPERTIES
  OBJECT_DEPENDS "${WEIR_TOKEN_IMAGES}"
  COMPILE_DEFINITIONS "WEIR_IMAGE_CL100K=\"${WEIR_IMAGE_CL100K}\";WEIR_IMAGE_O200K=\"${WEIR_IMAGE_O200K}\""
  COMPILE_OPTIONS -fno-lto)
