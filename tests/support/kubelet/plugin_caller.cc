#include "tests/support/kubelet/plugin_caller.h"

#include <chrono>
#include <device_plugin.grpc.pb.h>
#include <grpcpp/grpcpp.h>
#include <stdexcept>
#include <thread>
#include <utility>

namespace catena::test {
namespace {

constexpr std::chrono::seconds kPatience{10};

std::shared_ptr<grpc::Channel> connect(const std::string& socket, const std::string& authority) {
  grpc::ChannelArguments arguments;
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, authority);
  // Channels to one target share a connection otherwise, also with a plugin that is gone.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  auto channel =
      grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), arguments);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + kPatience)) {
    throw std::runtime_error("nobody answers at " + socket);
  }
  return channel;
}

}  // namespace

struct PluginCaller::State {
  explicit State(const std::shared_ptr<grpc::Channel>& channel)
      : plugin(v1beta1::DevicePlugin::NewStub(channel)) {}

  // Calls `method` of the plugin in time.
  template <typename Method, typename Request, typename Response>
  grpc::Status call(Method method, const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    return (plugin.get()->*method)(&context, request, &response);
  }

  // gRPC's name for a client of the service.
  std::unique_ptr<v1beta1::DevicePlugin::Stub> plugin;
  grpc::ClientContext watching;
  std::thread watcher;
};

PluginCaller::PluginCaller(const std::string& socket, const std::string& authority)
    : state_(std::make_unique<State>(connect(socket, authority))) {}

PluginCaller::~PluginCaller() {
  state_->watching.TryCancel();
  if (state_->watcher.joinable()) {
    state_->watcher.join();
  }
}

void PluginCaller::watch(OnList on_list) {
  state_->watcher = std::thread([this, on_list = std::move(on_list)] {
    const auto reader = state_->plugin->ListAndWatch(&state_->watching, v1beta1::Empty());
    v1beta1::ListAndWatchResponse list;
    while (reader->Read(&list)) {
      DeviceHealth devices;
      for (const v1beta1::Device& device : list.devices()) {
        devices[device.id()] = device.health();
      }
      on_list(&devices);
    }
    (void)reader->Finish();
    on_list(nullptr);
  });
}

AllocateOutcome PluginCaller::allocate(const std::vector<std::vector<std::string>>& containers) {
  v1beta1::AllocateRequest request;
  for (const std::vector<std::string>& devices : containers) {
    auto* const container = request.add_container_requests();
    for (const std::string& device : devices) {
      container->add_device_ids(device);
    }
  }
  v1beta1::AllocateResponse response;
  const grpc::Status status =
      state_->call(&v1beta1::DevicePlugin::Stub::Allocate, request, response);
  return {.code = static_cast<int>(status.error_code()),
          .text = status.error_message(),
          .containers = response.container_responses_size()};
}

int PluginCaller::get_options() {
  v1beta1::DevicePluginOptions options;
  return state_
      ->call(&v1beta1::DevicePlugin::Stub::GetDevicePluginOptions, v1beta1::Empty(), options)
      .error_code();
}

int PluginCaller::get_preferred_allocation() {
  v1beta1::Empty answer;
  return state_
      ->call(&v1beta1::DevicePlugin::Stub::GetPreferredAllocation, v1beta1::Empty(), answer)
      .error_code();
}

int PluginCaller::pre_start_container() {
  v1beta1::Empty answer;
  return state_->call(&v1beta1::DevicePlugin::Stub::PreStartContainer, v1beta1::Empty(), answer)
      .error_code();
}

}  // namespace catena::test
