// After the first visit the page opens without a network: all its files are kept.

importScripts("site.js");

const { version, files } = self.SITE;
// Sites beside this one have caches of their own.
const OWN = `edgernn ${self.registration.scope} `;
const CACHE = OWN + version;

self.addEventListener("install", (event) => {
  // Not from the browser's own cache, which may have files of an older version.
  const fresh = files.map((name) => new Request(name, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => {
  const isOld = (name) => name.startsWith(OWN) && name !== CACHE;
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name)))),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  event.respondWith(
    caches
      .open(CACHE)
      .then((cache) => cache.match(request, { ignoreSearch: true }))
      .then((kept) => kept ?? fetch(request)),
  );
});
