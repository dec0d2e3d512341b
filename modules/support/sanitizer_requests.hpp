// The requests to AddressSanitizer. In a header, because a global module fragment may not contain
// declarations of its own.
#pragma once

// Weak, and null in a program without the sanitizer: its project may also have one with it.
// NOLINTBEGIN(bugprone-reserved-identifier): the names of the sanitizer
extern "C" {
[[gnu::weak]] void __asan_poison_memory_region(void const volatile* memory,
                                               decltype(sizeof 0) bytes);
[[gnu::weak]] void __asan_unpoison_memory_region(void const volatile* memory,
                                                 decltype(sizeof 0) bytes);
}
// NOLINTEND(bugprone-reserved-identifier)
