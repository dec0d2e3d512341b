// Whether a class has a member of some name, whatever it is: tells what a class was meant to be
// that breaks a rule. Exports nothing.
export module pktpool:policy.member_names;

import pktpool.standard;

namespace pktpool {

/// A name that both bases have is ambiguous here.
template <class C, class Names>
struct joined_names : C, Names {};

template <class C>
concept names_can_be_joined = std::is_class_v<C> && !std::is_final_v<C>;

struct source_names {
    void allocate();
    void deallocate();
};
template <class C>
concept has_a_name_of_a_source = names_can_be_joined<C> && !requires {
    &joined_names<C, source_names>::allocate;
    &joined_names<C, source_names>::deallocate;
};

struct retention_names {
    void ceiling();
    void surplus();
};
template <class C>
concept has_a_name_of_a_retention_policy = names_can_be_joined<C> && !requires {
    &joined_names<C, retention_names>::ceiling;
    &joined_names<C, retention_names>::surplus;
};

struct threading_names {
    void enter();
};
template <class C>
concept has_a_name_of_a_threading_policy =
    names_can_be_joined<C> && !requires { &joined_names<C, threading_names>::enter; };

struct hardening_names {
    void call_sites_one_in();
    void reports_outstanding();
};
template <class C>
concept has_a_name_of_a_hardening_policy = names_can_be_joined<C> && !requires {
    &joined_names<C, hardening_names>::call_sites_one_in;
    &joined_names<C, hardening_names>::reports_outstanding;
};

/// The members of basic_packet.
struct packet_names {
    void bucket();
    void allocated();
    void size();
    void header_size();
    void data();
    void used();
    void payload();
    void buffer();
    void headroom();
    void tailroom();
    void prepend();
    void append();
    void trim_start();
    void trim_end();
    void reset();
};
template <class C>
concept has_a_name_of_a_packet = names_can_be_joined<C> && !requires {
    &joined_names<C, packet_names>::bucket;
    &joined_names<C, packet_names>::allocated;
    &joined_names<C, packet_names>::size;
    &joined_names<C, packet_names>::header_size;
    &joined_names<C, packet_names>::data;
    &joined_names<C, packet_names>::used;
    &joined_names<C, packet_names>::payload;
    &joined_names<C, packet_names>::buffer;
    &joined_names<C, packet_names>::headroom;
    &joined_names<C, packet_names>::tailroom;
    &joined_names<C, packet_names>::prepend;
    &joined_names<C, packet_names>::append;
    &joined_names<C, packet_names>::trim_start;
    &joined_names<C, packet_names>::trim_end;
    &joined_names<C, packet_names>::reset;
};

struct has_size_and_free {
    int size = 0;
    void deallocate();
    void deallocate(int);
};
static_assert(has_a_name_of_a_packet<has_size_and_free>);
static_assert(has_a_name_of_a_source<has_size_and_free>);
static_assert(!has_a_name_of_a_retention_policy<has_size_and_free>);
static_assert(!has_a_name_of_a_threading_policy<has_size_and_free>);
static_assert(!has_a_name_of_a_packet<int>);

} // namespace pktpool
