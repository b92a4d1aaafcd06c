#include "agent/devices/wire.h"

#include <cstdint>
#include <optional>

namespace catena::devices {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

constexpr std::string_view kApiVersion = "v1beta1";

// How the value of a field is written; the other two are long out of use.
enum WireType : std::uint64_t { kVarint = 0, kEightBytes = 1, kBytes = 2, kFourBytes = 5 };
constexpr unsigned kTypeBits = 3;

void put_varint(std::string& out, std::uint64_t value) {
  constexpr std::uint64_t kMore = 0x80;
  while (value >= kMore) {
    out.push_back(static_cast<char>((value & 0x7fU) | kMore));
    value >>= 7U;
  }
  out.push_back(static_cast<char>(value));
}

void put_bytes(std::string& out, std::uint64_t field, std::string_view value) {
  put_varint(out, (field << kTypeBits) | kBytes);
  put_varint(out, value.size());
  out += value;
}

Error truncated() { return Error(ErrorKind::kUndecodable, "the message ends within a field"); }

struct Field {
  std::uint64_t number = 0;
  std::optional<std::string_view> bytes;  // nothing where it is a number
};

// The fields of one message, one after another.
class Reader {
 public:
  explicit Reader(std::string_view message) : rest_(message) {}
  bool at_end() const { return rest_.empty(); }

  Result<Field> next() {
    const std::uint64_t tag = TRY(varint());
    Field field{.number = tag >> kTypeBits, .bytes = std::nullopt};
    switch (tag & ((1U << kTypeBits) - 1U)) {
      case kVarint:
        TRY(varint());
        return field;
      case kEightBytes:
        TRY(take(8));
        return field;
      case kFourBytes:
        TRY(take(4));
        return field;
      case kBytes:
        field.bytes = TRY(bytes());
        return field;
      default:
        return Error(ErrorKind::kUndecodable, "a field of an unknown type");
    }
  }

 private:
  Result<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::string_view byte = TRY(take(1));
      const auto bits = static_cast<std::uint64_t>(static_cast<unsigned char>(byte.front()));
      value |= (bits & 0x7fU) << shift;
      if (bits < 0x80U) {
        return value;
      }
    }
    return Error(ErrorKind::kUndecodable, "a number of more than 64 bits");
  }

  Result<std::string_view> bytes() {
    const std::uint64_t size = TRY(varint());
    return take(size);
  }

  Result<std::string_view> take(std::uint64_t size) {
    if (size > rest_.size()) {
      return truncated();
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

// The values of field 1, which is all there is in what kubelet asks us.
Result<std::vector<std::string_view>> first_fields(std::string_view message) {
  std::vector<std::string_view> values;
  Reader reader(message);
  while (!reader.at_end()) {
    const Field field = TRY(reader.next());
    if (field.number != 1) {
      continue;
    }
    if (!field.bytes.has_value()) {
      return Error(ErrorKind::kUndecodable, "field 1 is a number");
    }
    values.push_back(*field.bytes);
  }
  return values;
}

}  // namespace

std::string encode(const Registration& registration) {
  std::string message;
  put_bytes(message, 1, kApiVersion);
  put_bytes(message, 2, registration.endpoint);
  put_bytes(message, 3, registration.resource);
  return message;
}

std::string encode(const std::vector<Device>& devices) {
  std::string message;
  for (const Device& device : devices) {
    std::string one;
    put_bytes(one, 1, device.id);
    put_bytes(one, 2, device.healthy ? "Healthy" : "Unhealthy");
    put_bytes(message, 1, one);
  }
  return message;
}

Result<Allocation> decode_allocation(std::string_view message) {
  const std::vector<std::string_view> containers = TRY(first_fields(message));
  Allocation allocation;
  allocation.reserve(containers.size());
  for (const std::string_view container : containers) {
    const std::vector<std::string_view> ids = TRY(first_fields(container));
    allocation.emplace_back(ids.begin(), ids.end());
  }
  return allocation;
}

std::string encode_unchanged(std::size_t containers) {
  std::string message;
  for (std::size_t i = 0; i < containers; ++i) {
    put_bytes(message, 1, "");
  }
  return message;
}

}  // namespace catena::devices
