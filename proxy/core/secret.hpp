// A credential. Printing it does not compile; reading it is easy to search for; its bytes are wiped when it goes.
#pragma once

#include <openssl/crypto.h>

#include <iosfwd>
#include <string>
#include <utility>

namespace weir::core {

class secret {
public:
    secret() = default;
    explicit secret(std::string value) : value_(value) { OPENSSL_cleanse(value.data(), value.size()); }
    secret(const secret&) = default;
    secret(secret&& other) noexcept : value_(other.value_) { other.wipe(); }
    secret& operator=(const secret& other) {
        if (this != &other) {
            wipe();
            value_ = other.value_;
        }
        return *this;
    }
    secret& operator=(secret&& other) noexcept {
        if (this != &other) {
            wipe();
            value_ = other.value_;
            other.wipe();
        }
        return *this;
    }
    ~secret() { wipe(); }

    [[nodiscard]] const std::string& reveal() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }
    bool operator==(const secret&) const = default;
    friend std::ostream& operator<<(std::ostream&, const secret&) = delete;

private:
    void wipe() {
        OPENSSL_cleanse(value_.data(), value_.size());
        value_.clear();
    }
    std::string value_;
};

}  // namespace weir::core
