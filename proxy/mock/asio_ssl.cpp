// The definitions of asio::ssl, which only the mock provider uses.
#include <boost/asio/ssl/impl/src.hpp>
