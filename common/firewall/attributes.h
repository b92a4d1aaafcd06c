// Netlink attributes, written one behind the other; numbers in network order, as nf_tables wants
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace catena::firewall {

class Attributes {
 public:
  // A value is at most 65,531 bytes, what is nested included: nla_len has 16 bits.
  void bytes(std::uint16_t type, std::string_view value);
  // Ends in NUL on the wire.
  void text(std::uint16_t type, std::string_view value);
  void number(std::uint16_t type, std::uint32_t value);
  // What `fill(*this)` writes is the value of one attribute.
  template <typename Fill>
  void nest(std::uint16_t type, Fill fill) {
    const std::size_t start = open_nest(type);
    fill(*this);
    close_nest(start);
  }
  // One attribute around those of `inner`.
  void nest(std::uint16_t type, const Attributes& inner) {
    nest(type, [&inner](Attributes& here) { here.data_ += inner.data_; });
  }

  // A multiple of 4 bytes (NLA_ALIGNTO).
  const std::string& data() const { return data_; }

 private:
  std::size_t open_nest(std::uint16_t type);
  void close_nest(std::size_t start);

  std::string data_;
};

}  // namespace catena::firewall
