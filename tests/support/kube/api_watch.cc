// The watches of the test API server.
#include <httplib.h>
#include <utility>

#include "common/kube/objects.h"
#include "tests/support/kube/api_server.h"
#include "tests/support/kube/http_answer.h"

namespace catena::test {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kLongestWait{20};
constexpr std::chrono::seconds kWatchLife{1'800};  // where a watch names none

}  // namespace

// One watch in progress.
struct ApiServer::Stream {
  ListQuery query;
  std::uint64_t version = 0;
  bool bookmarks = false;
  bool expired = false;  // from the beginning
  std::vector<WatchEvent> first;
  Clock::time_point end;
  Clock::time_point next_bookmark;
  int interruptions = 0;
  bool over = false;
};

void ApiServer::serve_watch(const httplib::Request& request, httplib::Response& response,
                            const ListQuery& query) {
  auto stream = std::make_shared<Stream>();
  stream->query = query;
  stream->bookmarks = is_on(request, "allowWatchBookmarks");
  const std::string from = request.get_param_value("resourceVersion");
  const std::uint64_t current = objects_.version();
  stream->version = number_of(from, 0);
  if (stream->version > current) {
    Reply refused = refuse(504, "Timeout", "Too large resource version: " + from);
    refused.body["details"]["causes"][0]["reason"] = "ResourceVersionTooLarge";
    refused.body["details"]["retryAfterSeconds"] = 1;
    write(response, refused);
    return;
  }
  if (stream->version == 0) {  // everything there is, as new
    const Reply all = objects_.list(query);
    for (Json item : all.body["items"]) {
      item["kind"] = query.kind->name;
      item["apiVersion"] = query.kind->group_version;
      stream->first.push_back({"ADDED", std::move(item)});
    }
    stream->version = number_of(kube::resource_version_of(all.body), current);
  } else {
    stream->expired = objects_.is_forgotten(stream->version);
  }
  const auto now = Clock::now();
  stream->end = now + std::chrono::seconds(
                          number_of(request.get_param_value("timeoutSeconds"), kWatchLife.count()));
  stream->next_bookmark = now + bookmarks_;
  {
    const std::scoped_lock lock(mutex_);
    stream->interruptions = interruptions_;
  }
  ++watches_;
  response.set_chunked_content_provider(
      "application/json",
      [this, stream](std::size_t /*offset*/, httplib::DataSink& sink) {
        std::string out;
        const bool go_on = feed(*stream, out);
        if (!out.empty() && !sink.write(out.data(), out.size())) {
          return false;
        }
        if (stream->over) {
          sink.done();
        }
        return go_on && sink.is_writable();
      },
      [this](bool /*success*/) { --watches_; });
}

ApiServer::Interruption ApiServer::interruption_of(const Stream& stream) const {
  const std::scoped_lock lock(mutex_);
  return interruptions_ == stream.interruptions ? Interruption::kNone : interruption_;
}

// Waits a moment for something to say. False: the connection is to break.
bool ApiServer::feed(Stream& stream, std::string& out) {
  const auto say = [&](const std::string& type, const Json& object) {
    out += print_line({{"type", type}, {"object", object}});
  };
  for (const WatchEvent& event : std::exchange(stream.first, {})) {
    say(event.type, event.object);
  }
  const Interruption interruption = interruption_of(stream);
  if (stream.expired || interruption == Interruption::kExpire) {
    say("ERROR", refuse(410, "Expired", "too old resource version").body);
  }
  stream.over = stream.expired || interruption == Interruption::kExpire ||
                interruption == Interruption::kEnd || Clock::now() >= stream.end;
  if (interruption == Interruption::kDrop || stopping_) {
    return false;
  }
  if (stream.over || !out.empty()) {
    return true;
  }
  objects_.wait_for_change(stream.version, kLongestWait);
  if (interruption_of(stream) != Interruption::kNone) {
    return true;  // what comes after an interruption is not told
  }
  const ObjectStore::Changes changes = objects_.changes_after(stream.query, stream.version);
  stream.version = changes.version;
  for (const WatchEvent& event : changes.events) {
    say(event.type, event.object);
  }
  if (stream.bookmarks && Clock::now() >= stream.next_bookmark) {
    stream.next_bookmark = Clock::now() + bookmarks_;
    Json mark;
    mark["kind"] = stream.query.kind->name;
    mark["apiVersion"] = stream.query.kind->group_version;
    mark["metadata"]["resourceVersion"] = std::to_string(stream.version);
    say("BOOKMARK", mark);
  }
  return true;
}

}  // namespace catena::test
