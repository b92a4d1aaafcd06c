// What kubelet may send to a device plugin: messages, their frames, texts in headers.
#include "agent/devices/grpc.h"
#include "agent/devices/wire.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace catena::devices;
  const std::string_view text = catena::fuzz::text_of(data, size);
  if (const auto allocation = decode_allocation(text); allocation.ok()) {
    const auto answered = decode_allocation(encode_unchanged(allocation->size()));
    catena::fuzz::must(answered.ok() && answered->size() == allocation->size(),
                       "every container has an answer");
  }
  if (const auto message = unframe(text); message.ok()) {
    catena::fuzz::must(frame(*message) == text, "a frame is its message's only one");
  }
  const std::string framed = frame(text);
  const auto again = unframe(framed);
  catena::fuzz::must(again.ok() && *again == text, "a frame gives its message back");
  catena::fuzz::must(from_header(to_header(text)) == text, "a header gives its text back");
  [[maybe_unused]] const std::string any = from_header(text);
  return 0;
}
