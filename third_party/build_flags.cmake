# Flags of every target of this project, and the function that makes a room.

add_library(weir_flags INTERFACE)
target_compile_options(weir_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Werror
  -fstack-protector-strong -fno-plt)
target_compile_definitions(weir_flags INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)
target_include_directories(weir_flags INTERFACE ${CMAKE_SOURCE_DIR}/proxy)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 warns of locals of its own making inside coroutines and of libstdc++'s string assignments at -O2.
  target_compile_options(weir_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized -Wno-missing-field-initializers
    -Wno-dangling-pointer -Wno-mismatched-new-delete -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
else()
  target_compile_options(weir_flags INTERFACE -Wno-missing-field-initializers -Wno-missing-designated-field-initializers)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64")
  target_compile_options(weir_flags INTERFACE -fcf-protection)
endif()

# What makes a mistake harder to use; tests/hardening/binary_test.cpp reads it back from the program.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie> -Wl,-z,relro,-z,now,-z,noexecstack)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64")
  # The start-up objects of Debian's C library say nothing about shadow stacks, which would take the mark from the whole program.
  add_link_options(-Wl,-z,shstk)
endif()
add_compile_definitions(_GLIBCXX_ASSERTIONS)

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  find_program(WEIR_LLD NAMES ld.lld-19 ld.lld)
  if(WEIR_LLD)
    add_link_options(--ld-path=${WEIR_LLD})
  endif()
endif()

if(WEIR_SANITIZE)
  add_compile_options(-fsanitize=${WEIR_SANITIZE} $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=pointer-overflow> -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WEIR_SANITIZE})
endif()

if(WEIR_FUZZ)
  # Every room and every fuzz target counts where it goes, so that the fuzzer sees where its input leads; tests need not.
  set(weir_fuzz_flags -fsanitize=fuzzer-no-link)
  add_link_options(${weir_fuzz_flags})
endif()

find_program(WEIR_CCACHE ccache)
if(WEIR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # What makes precompiled headers (tests/CMakeLists.txt) cacheable.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${WEIR_CCACHE})
endif()

if(WEIR_LTO)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_compile_options(-flto=thin)
    add_link_options(-flto=thin)
  else()
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  endif()
endif()

# Profile-guided optimisation (clang): `use` reads bench/pgo/weir.profdata, `train` builds the program that writes profiles
# (bench/pgo/train.sh does the whole round). A function that has changed since is compiled as without a profile. Call it in the
# folder whose sources it is for.
macro(weir_profile)
  set(weir_profile_file ${CMAKE_SOURCE_DIR}/bench/pgo/weir.profdata)
  # Functions of one file go by its name without folders, so that a profile fits wherever the sources lie.
  set(weir_profile_names "SHELL:-mllvm -static-func-full-module-prefix=false")
  if(WEIR_PGO STREQUAL "train")
    add_compile_options(-fprofile-generate -fprofile-update=atomic ${weir_profile_names})
    add_link_options(-fprofile-generate)
  elseif(WEIR_PGO STREQUAL "use" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 19
         AND EXISTS ${weir_profile_file})
    # Every file must be compiled with the same profile, so a new one needs a new name on the command line.
    set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${weir_profile_file})
    file(SHA256 ${weir_profile_file} weir_profile_hash)
    set(weir_profile_copy ${CMAKE_BINARY_DIR}/weir-${weir_profile_hash}.profdata)
    configure_file(${weir_profile_file} ${weir_profile_copy} COPYONLY)
    add_compile_options(-fprofile-use=${weir_profile_copy} ${weir_profile_names}
      -Wno-profile-instr-unprofiled -Wno-profile-instr-out-of-date -Wno-backend-plugin)
  endif()
endmacro()

# weir_room(NAME LIBS...): one folder of proxy/ as one library, target weir_NAME.
function(weir_room name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*/*.cpp
       ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*/*/*.cpp)
  list(FILTER sources EXCLUDE REGEX /embed/)  # a program that the build runs
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.hpp ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*/*.hpp
       ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*/*/*.hpp)
  if(sources)
    add_library(weir_${name} STATIC ${sources} ${headers})
    target_link_libraries(weir_${name} PUBLIC weir_flags ${ARGN})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT WEIR_LTO)
      # Reading the standard headers is half of compiling a file. g++ and release builds read them in each: there a missing include shows.
      target_compile_options(weir_${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
      target_precompile_headers(weir_${name} PRIVATE <algorithm> <array> <atomic> <chrono> <cstdint> <cstring> <functional> <map> <memory> <mutex>
        <optional> <string> <string_view> <thread> <unordered_map> <vector>)
    endif()
  else()
    add_library(weir_${name} INTERFACE)
    target_link_libraries(weir_${name} INTERFACE weir_flags ${ARGN})
  endif()
endfunction()
