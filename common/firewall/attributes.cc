#include "common/firewall/attributes.h"

#include <cassert>
#include <cstring>
#include <endian.h>
#include <limits>
#include <linux/netlink.h>

namespace catena::firewall {
namespace {

constexpr std::size_t kHeader = sizeof(nlattr);

void append_header(std::string& data, std::size_t value_size, std::uint16_t type) {
  assert(kHeader + value_size <= std::numeric_limits<std::uint16_t>::max());
  const nlattr header{static_cast<std::uint16_t>(kHeader + value_size), type};
  data.append(reinterpret_cast<const char*>(&header), sizeof(header));
}

void pad(std::string& data) { data.resize((data.size() + NLA_ALIGNTO - 1) & ~(NLA_ALIGNTO - 1UL)); }

}  // namespace

void Attributes::bytes(std::uint16_t type, std::string_view value) {
  append_header(data_, value.size(), type);
  data_ += value;
  pad(data_);
}

void Attributes::text(std::uint16_t type, std::string_view value) {
  append_header(data_, value.size() + 1, type);
  data_ += value;
  data_ += '\0';
  pad(data_);
}

void Attributes::number(std::uint16_t type, std::uint32_t value) {
  const std::uint32_t wire = htobe32(value);
  bytes(type, {reinterpret_cast<const char*>(&wire), sizeof(wire)});
}

std::size_t Attributes::open_nest(std::uint16_t type) {
  const std::size_t start = data_.size();
  append_header(data_, 0, static_cast<std::uint16_t>(type | NLA_F_NESTED));
  return start;
}

void Attributes::close_nest(std::size_t start) {
  const std::size_t size = data_.size() - start;
  assert(size <= std::numeric_limits<std::uint16_t>::max());
  const auto length = static_cast<std::uint16_t>(size);
  std::memcpy(data_.data() + start, &length, sizeof(length));
}

}  // namespace catena::firewall
