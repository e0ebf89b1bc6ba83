// Beast's own definitions (BOOST_BEAST_SEPARATE_COMPILATION); see asio.cpp.
#include <boost/beast/src.hpp>
