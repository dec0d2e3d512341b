// A file to write to, or stdout, unbuffered.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>

#include <gsl/span>

#if defined(_WIN32)
#    include <fcntl.h>
#    include <io.h>
#endif

/// "-" means stdout.
class sink {
public:
    explicit sink(std::string const& path) : path_(path)
    {
        if (path == "-") {
#if defined(_WIN32)
            _setmode(_fileno(stdout), _O_BINARY);
#endif
        } else {
            file_.reset(std::fopen(path.c_str(), "wb"));
            if (!file_) {
                throw_error();
            }
        }
        std::setvbuf(file(), nullptr, _IONBF, 0); // each packet is one write
    }

    void write(gsl::span<std::byte const> bytes)
    {
        if (std::fwrite(bytes.data(), 1, bytes.size(), file()) != bytes.size()) {
            throw_error();
        }
    }

private:
    struct closer {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    [[nodiscard]] std::FILE* file() const { return file_ ? file_.get() : stdout; }
    [[noreturn]] void throw_error() const
    {
        throw std::system_error(errno, std::generic_category(), path_ + " cannot be written");
    }

    std::string path_;
    std::unique_ptr<std::FILE, closer> file_;
};
