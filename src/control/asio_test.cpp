// The product compiles Asio in `linux`, which this room does not link.
#include <boost/asio/impl/src.hpp>
