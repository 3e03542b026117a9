#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <stdio.h>
#include <string.h>

// What a gateway that speaks UPnP is asked. Everything blocks.
struct shoal_upnp_gateway {
  struct UPNPUrls urls;
  struct IGDdatas data;
  char address[64];  // ours, as the gateway sees it
};

// Looks for a gateway that is connected, on one interface or address (NULL: any), for so long. 0, or
// -1 where there is none.
static inline int shoal_upnp_find(
    const char *interface, int milliseconds, struct shoal_upnp_gateway *gateway) {
  int error = 0;
  struct UPNPDev *devices = upnpDiscover(milliseconds, interface, NULL, 0, 0, 2, &error);
  if (!devices) return -1;
#if MINIUPNPC_API_VERSION >= 18
  char outside[64];
  int found = UPNP_GetValidIGD(
      devices, &gateway->urls, &gateway->data, gateway->address, sizeof gateway->address, outside,
      sizeof outside);
#else
  int found = UPNP_GetValidIGD(
      devices, &gateway->urls, &gateway->data, gateway->address, sizeof gateway->address);
#endif
  freeUPNPDevlist(devices);
  if (found == 1) return 0;
  if (found > 0) FreeUPNPUrls(&gateway->urls);
  return -1;
}

static inline void shoal_upnp_forget(struct shoal_upnp_gateway *gateway) {
  FreeUPNPUrls(&gateway->urls);
}

// Maps a port to the same outside; 0, or a UPnP error.
static inline int shoal_upnp_map(
    struct shoal_upnp_gateway *gateway, const char *protocol, unsigned port, unsigned seconds) {
  char number[8], lease[16];
  snprintf(number, sizeof number, "%u", port);
  snprintf(lease, sizeof lease, "%u", seconds);
  int error = UPNP_AddPortMapping(
      gateway->urls.controlURL, gateway->data.first.servicetype, number, number, gateway->address,
      "Shoal", protocol, NULL, lease);
  // Some know mappings without an end only.
  if (error == 725)
    error = UPNP_AddPortMapping(
        gateway->urls.controlURL, gateway->data.first.servicetype, number, number,
        gateway->address, "Shoal", protocol, NULL, "0");
  return error;
}

static inline int shoal_upnp_unmap(
    struct shoal_upnp_gateway *gateway, const char *protocol, unsigned port) {
  char number[8];
  snprintf(number, sizeof number, "%u", port);
  return UPNP_DeletePortMapping(
      gateway->urls.controlURL, gateway->data.first.servicetype, number, protocol, NULL);
}
