// Boost.JSON's own code, compiled once for daemon and command line.
#include <boost/json/src.hpp>
