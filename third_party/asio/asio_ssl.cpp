// The definitions of asio::ssl, which only the mock provider uses (weir's own TLS is net/socket.hpp).
#include <boost/asio/ssl/impl/src.hpp>
