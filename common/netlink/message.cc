#include "common/netlink/message.h"

#include <cstring>
#include <sys/socket.h>
#include <utility>

namespace catena::netlink {

void FreeMessage::operator()(nl_msg* message) const { nlmsg_free(message); }

MessageBuilder::MessageBuilder(int type, int flags, const void* header, std::size_t size)
    : message_(nlmsg_alloc()) {
  if (message_ && nlmsg_put(message_.get(), 0, 0, type, 0, NLM_F_REQUEST | flags) == nullptr) {
    message_.reset();
  }
  append(header, size);
}

void MessageBuilder::append(const void* data, std::size_t size) {
  // const_cast: libnl only reads it.
  if (message_ &&
      nlmsg_append(message_.get(), const_cast<void*>(data), size, NLMSG_ALIGNTO) < 0) {  // NOLINT
    message_.reset();
  }
}

void MessageBuilder::put(int type, const void* data, std::size_t size) {
  if (message_ && nla_put(message_.get(), type, static_cast<int>(size), data) < 0) {
    message_.reset();
  }
}

Request MessageBuilder::finish(std::string what) && {
  return Request{.message = std::move(message_), .what = std::move(what)};
}

Attributes Attributes::of(const nlmsghdr* message, std::size_t header_size) {
  const int size = static_cast<int>(header_size);
  if (nlmsg_valid_hdr(message, size) == 0) {
    return {nullptr, 0};
  }
  return {nlmsg_attrdata(message, size), nlmsg_attrlen(message, size)};
}

const nlattr* Attributes::find(int type, std::size_t least) const {
  const nlattr* found = nla_find(first_, length_, type);
  return found != nullptr && nla_len(found) >= static_cast<int>(least) ? found : nullptr;
}

const void* Attributes::data(int type, std::size_t size) const {
  const nlattr* found = find(type, size);
  return found != nullptr ? nla_data(found) : nullptr;
}

int Attributes::size(int type) const {
  const nlattr* found = find(type, 0);
  return found != nullptr ? nla_len(found) : 0;
}

Attributes Attributes::nested(int type) const {
  const nlattr* found = find(type, 0);
  if (found == nullptr) {
    return {nullptr, 0};
  }
  return {static_cast<const nlattr*>(nla_data(found)), nla_len(found)};
}

std::uint8_t Attributes::u8(int type) const {
  const nlattr* found = find(type, sizeof(std::uint8_t));
  return found != nullptr ? nla_get_u8(found) : std::uint8_t{0};
}

std::uint32_t Attributes::u32(int type) const {
  const nlattr* found = find(type, sizeof(std::uint32_t));
  return found != nullptr ? nla_get_u32(found) : 0;
}

std::string Attributes::text(int type) const {
  const nlattr* found = find(type, 0);
  if (found == nullptr) {
    return {};
  }
  const char* start = static_cast<const char*>(nla_data(found));
  return {start, ::strnlen(start, static_cast<std::size_t>(nla_len(found)))};
}

std::optional<base::IpAddress> Attributes::address(int type) const {
  switch (size(type)) {
    case 4:
      return base::IpAddress::from_bytes(base::Family::kIpv4, data(type, 4));
    case 16:
      return base::IpAddress::from_bytes(base::Family::kIpv6, data(type, 16));
    default:
      return std::nullopt;
  }
}

std::optional<base::Mac> Attributes::mac(int type) const {
  base::Mac mac;
  if (size(type) != static_cast<int>(mac.bytes.size())) {
    return std::nullopt;
  }
  std::memcpy(mac.bytes.data(), data(type, mac.bytes.size()), mac.bytes.size());
  return mac;
}

unsigned char address_family(base::Family family) {
  return family == base::Family::kIpv4 ? AF_INET : AF_INET6;
}

std::optional<base::Family> family_of(unsigned char address_family) {
  switch (address_family) {
    case AF_INET:
      return base::Family::kIpv4;
    case AF_INET6:
      return base::Family::kIpv6;
    default:
      return std::nullopt;
  }
}

}  // namespace catena::netlink
