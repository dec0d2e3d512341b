// For speed: allocations record shorter stacks, and freed memory is reused sooner.
// ASAN_OPTIONS in the environment overrides this.

// NOLINTBEGIN(bugprone-reserved-identifier): the name that AddressSanitizer asks for
extern "C" char const* __asan_default_options();

extern "C" char const* __asan_default_options()
{
    return "detect_stack_use_after_return=0:malloc_context_size=2:quarantine_size_mb=16";
}
// NOLINTEND(bugprone-reserved-identifier)
