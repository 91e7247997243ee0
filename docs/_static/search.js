// The box of each page sends its words here.
window.addEventListener("DOMContentLoaded", () => {
  const search = new PagefindUI({
    element: "#search",
    pageSize: 10,
    showImages: false,
    showSubResults: true,
    autofocus: true,
  });
  const words = new URLSearchParams(location.search).get("q");
  if (words) search.triggerSearch(words);
});
