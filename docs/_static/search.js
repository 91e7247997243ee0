// The box of each page sends its words here.
window.addEventListener("DOMContentLoaded", () => {
  const search = new PagefindUI({
    element: "#search",
    pageSize: 10,
    showImages: false,
    showSubResults: true,
    autofocus: true,
  });
  const field = document.querySelector(".pagefind-ui__search-input");
  field.setAttribute("aria-label", field.title);
  const query = new URLSearchParams(location.search).get("q");
  if (query) search.triggerSearch(query);
});
