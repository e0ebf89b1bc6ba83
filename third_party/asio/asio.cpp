// Asio's own definitions (BOOST_ASIO_SEPARATE_COMPILATION). Nothing else may stand here: a program that has them from another
// library simply does not take this file from the archive.
#include <boost/asio/impl/src.hpp>
