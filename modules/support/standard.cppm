// What the module uses of the standard library and of Microsoft GSL, macros apart: a module that
// exports it to the partitions. pktpool does not export it to importers. One copy of these
// declarations, instead of one for each partition that includes a header, makes everything that
// imports pktpool compile faster.
module;
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <limits>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <new>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

// In GCC 16.2 an importer that includes <string> and binds std::string::npos to a reference defines
// it as a strong symbol, once per importer, if the module contains code that uses npos. libstdc++'s
// <chrono> brings such code; what is used of it is in <thread>.
#if defined(__clang__) || !defined(__GNUC__)
#    include <chrono>
#endif

#include <gsl/narrow>
#include <gsl/pointers>

export module pktpool.standard;

// As in the module std of each compiler. It adds no name to namespace std, it makes some visible.
// NOLINTBEGIN(bugprone-std-namespace-modification,misc-unused-using-decls,modernize-use-scoped-lock)
// <new>
export using ::operator new;
export using ::operator new[];

export namespace std {
// <algorithm>
using std::copy;
using std::find_if;
using std::find_if_not;
using std::max;
using std::min;
// <array>
using std::array;
// <atomic>
using std::atomic;
using std::memory_order_acq_rel;
using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;
// <bit>
using std::bit_ceil;
// <concepts>
using std::convertible_to;
using std::default_initializable;
using std::destructible;
using std::equality_comparable;
using std::floating_point;
using std::integral;
using std::same_as;
// <cstddef>
using std::byte;
using std::max_align_t;
using std::ptrdiff_t;
using std::size_t;
// <cstdint>
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;
using std::uintptr_t;
// <cstdio>
using std::snprintf;
// <cstdlib>
using std::free;
using std::malloc;
// <cstring>
using std::memcpy;
using std::memset;
// <functional>
using std::minus;
// <initializer_list>
using std::initializer_list;
// <limits>
using std::numeric_limits;
// <memory>
using std::construct_at;
using std::destroy_at;
using std::make_unique;
using std::make_unique_for_overwrite;
using std::unique_ptr;
// <mutex>
using std::lock_guard;
using std::mutex;
// <new>
using std::align_val_t;
using std::bad_alloc;
using std::nothrow;
// <source_location>
using std::source_location;
// <span>
using std::span;
// <string>
using std::string;
// <string_view>
using std::string_view;
// <type_traits>
using std::bool_constant;
using std::conditional_t;
using std::integral_constant;
using std::is_class_v;
using std::is_copy_constructible_v;
using std::is_empty_v;
using std::is_final_v;
using std::is_move_constructible_v;
using std::is_nothrow_copy_assignable_v;
using std::is_nothrow_copy_constructible_v;
using std::is_nothrow_default_constructible_v;
using std::is_nothrow_destructible_v;
using std::is_nothrow_move_assignable_v;
using std::is_nothrow_move_constructible_v;
using std::is_same_v;
using std::is_trivially_copyable_v;
using std::remove_cvref_t;
using std::type_identity;
// <utility>
using std::exchange;
using std::index_sequence;
using std::make_index_sequence;
using std::move;
using std::swap;
// <vector>
using std::vector;
// of handles, strings and spans
using std::operator==;
using std::operator<=>;
} // namespace std

export namespace std::ranges {
// <algorithm>
using std::ranges::adjacent_find;
using std::ranges::copy;
using std::ranges::find_if;
using std::ranges::max;
using std::ranges::min;
using std::ranges::sort;
using std::ranges::transform;
using std::ranges::unique;
// <functional>
using std::ranges::greater_equal;
} // namespace std::ranges

export namespace std::chrono {
// <chrono>
using std::chrono::steady_clock;
} // namespace std::chrono

export namespace std::pmr {
// <memory_resource>
using std::pmr::get_default_resource;
using std::pmr::memory_resource;
using std::pmr::operator==;
} // namespace std::pmr

export namespace std::this_thread {
// <thread>
using std::this_thread::yield;
} // namespace std::this_thread

#if defined(__GLIBCXX__) && _GLIBCXX_RELEASE < 16 // from 16 on they are hidden friends
// of the iterators of std::span and std::vector, in libstdc++
export namespace __gnu_cxx {
using __gnu_cxx::operator==;
using __gnu_cxx::operator<=>;
using __gnu_cxx::operator-;
} // namespace __gnu_cxx
#endif

export namespace gsl {
using gsl::narrow_cast;
using gsl::not_null;
} // namespace gsl
// NOLINTEND(bugprone-std-namespace-modification,misc-unused-using-decls,modernize-use-scoped-lock)
