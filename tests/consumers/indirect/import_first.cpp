// An #include behind the import: not for every compiler, but clang takes it where both see the same
// definitions. This one renames functions of the C library.
import pktpool;

#include <mutex>
