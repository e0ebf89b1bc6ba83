// Asio's types by their names alone, so that headers of mock/ can speak of them: Asio itself takes seconds to compile, and only the files that do
// something with it include it. Private to mock/.
#pragma once

namespace boost::asio {

class any_io_executor;
template <typename T, typename Executor>
class awaitable;
template <typename Protocol, typename Executor>
class basic_stream_socket;

namespace ip {
class tcp;
}
namespace ssl {
class context;
}

}  // namespace boost::asio

namespace weir::mock {

template <class T>
using coroutine = boost::asio::awaitable<T, boost::asio::any_io_executor>;
using tcp_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::any_io_executor>;

}  // namespace weir::mock
