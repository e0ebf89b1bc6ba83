# How each dependency is found. A missing one ends configuration with the name of the Debian package to install.

function(weir_need what package)
  if(NOT ${what})
    message(FATAL_ERROR "weir needs ${what}: install it with  apt-get install ${package}")
  endif()
endfunction()

find_package(Threads REQUIRED)

# Debian's libboost-dev is 1.74; 1.81 must be named.
find_package(Boost 1.81 CONFIG QUIET COMPONENTS headers)
weir_need(Boost_FOUND libboost1.81-dev)

find_package(OpenSSL 3.0 QUIET)
weir_need(OPENSSL_FOUND libssl-dev)

find_package(simdjson CONFIG QUIET)
weir_need(simdjson_FOUND libsimdjson-dev)

find_path(RAPIDJSON_INCLUDE_DIR rapidjson/writer.h)
weir_need(RAPIDJSON_INCLUDE_DIR rapidjson-dev)
add_library(weir_rapidjson INTERFACE)
target_include_directories(weir_rapidjson SYSTEM INTERFACE ${RAPIDJSON_INCLUDE_DIR})

find_package(ZLIB 1.2 QUIET)
weir_need(ZLIB_FOUND zlib1g-dev)

# Their Debian packages have no CMake configuration. The encoder is for the tests.
find_path(BROTLI_INCLUDE_DIR brotli/decode.h)
find_library(BROTLI_DECODER_LIBRARY brotlidec)
find_library(BROTLI_ENCODER_LIBRARY brotlienc)
weir_need(BROTLI_INCLUDE_DIR libbrotli-dev)
weir_need(BROTLI_DECODER_LIBRARY libbrotli-dev)
add_library(weir_brotli INTERFACE)
target_include_directories(weir_brotli SYSTEM INTERFACE ${BROTLI_INCLUDE_DIR})
target_link_libraries(weir_brotli INTERFACE ${BROTLI_DECODER_LIBRARY})
add_library(weir_brotli_encoder INTERFACE)
target_include_directories(weir_brotli_encoder SYSTEM INTERFACE ${BROTLI_INCLUDE_DIR})
target_link_libraries(weir_brotli_encoder INTERFACE ${BROTLI_ENCODER_LIBRARY})
find_path(ZSTD_INCLUDE_DIR zstd.h)
find_library(ZSTD_LIBRARY zstd)
weir_need(ZSTD_INCLUDE_DIR libzstd-dev)
weir_need(ZSTD_LIBRARY libzstd-dev)
add_library(weir_zstd INTERFACE)
target_include_directories(weir_zstd SYSTEM INTERFACE ${ZSTD_INCLUDE_DIR})
target_link_libraries(weir_zstd INTERFACE ${ZSTD_LIBRARY})

# Its package configuration states no version, and `pull` would drag in civetweb.
find_package(prometheus-cpp CONFIG QUIET COMPONENTS core)
weir_need(prometheus-cpp_FOUND prometheus-cpp-dev)

find_package(yaml-cpp CONFIG QUIET)
weir_need(yaml-cpp_FOUND libyaml-cpp-dev)

find_package(CLI11 CONFIG QUIET)
weir_need(CLI11_FOUND libcli11-dev)

find_package(SQLite3 QUIET)
weir_need(SQLite3_FOUND libsqlite3-dev)

# Its Debian package has no CMake configuration.
find_path(HIREDIS_INCLUDE_DIR hiredis/hiredis.h)
find_library(HIREDIS_LIBRARY hiredis)
weir_need(HIREDIS_INCLUDE_DIR libhiredis-dev)
weir_need(HIREDIS_LIBRARY libhiredis-dev)
add_library(weir_hiredis INTERFACE)
target_include_directories(weir_hiredis SYSTEM INTERFACE ${HIREDIS_INCLUDE_DIR})
target_link_libraries(weir_hiredis INTERFACE ${HIREDIS_LIBRARY})

if(WEIR_TESTS)
  find_package(GTest CONFIG QUIET)
  weir_need(GTest_FOUND "libgtest-dev libgmock-dev")
endif()
if(WEIR_BENCH)
  find_package(benchmark CONFIG QUIET)
  weir_need(benchmark_FOUND libbenchmark-dev)
endif()
