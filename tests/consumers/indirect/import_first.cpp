// An #include after the import: not every compiler accepts it, but clang does if both see the same
// definitions. This header renames functions of the C library.
import pktpool;

#include <mutex>
