// Text of reports. An implementation partition: only the .cpp files import it.
module pktpool:support.message;

import pktpool.standard;

namespace pktpool {

/// A line of text in a fixed buffer. Text that does not fit is cut off.
class message {
public:
    message& add(std::string_view text) noexcept
    {
        return add("%.*s", static_cast<int>(text.size()), text.data());
    }
    /// As std::printf.
    template <class... Values>
        requires(sizeof...(Values) > 0)
    message& add(char const* format, Values... values) noexcept
    {
        auto const space = line_.size() - used_;
        auto const wanted = std::snprintf(line_.data() + used_, space, format, values...);
        used_ += std::min(space - 1, static_cast<std::size_t>(std::max(0, wanted)));
        return *this;
    }
    message& add_call_site(char const* what, std::source_location where) noexcept
    {
        return where.line() == 0 ? add("%s at a call site that was not recorded", what)
                                 : add("%s at %s:%u", what, where.file_name(),
                                       static_cast<unsigned>(where.line()));
    }
    [[nodiscard]] std::string_view view() const noexcept { return {line_.data(), used_}; }

private:
    std::array<char, 1024> line_{};
    std::size_t used_ = 0;
};

} // namespace pktpool
