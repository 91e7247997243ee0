// What the theme lacks: buttons that copy code, a language switch that keeps its place, the keyboard.
const words = document.documentElement.lang === "ko"
  ? { copy: "복사", copied: "복사됨", menu: "메뉴", contents: "목차", theme: "밝게 / 어둡게 / 시스템 설정" }
  : { copy: "Copy", copied: "Copied", menu: "Menu", contents: "Contents", theme: "Light / dark / as the system" };

function addCopyButton(block) {
  const button = document.createElement("button");
  button.className = "copy-button";
  button.type = "button";
  button.textContent = words.copy;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.textContent);
    button.textContent = words.copied;
    setTimeout(() => { button.textContent = words.copy; }, 2000);
  });
  block.parentElement.append(button);
}

// Icons that open the drawers: the theme's checkboxes are not displayed, and take no focus.
function makeButton(icon, name) {
  icon.tabIndex = 0;
  icon.setAttribute("role", "button");
  icon.setAttribute("aria-label", name);
  icon.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    icon.click();
  });
}

window.addEventListener("DOMContentLoaded", () => {
  // Browsers offer the clipboard to https and to the same machine only.
  if (navigator.clipboard) document.querySelectorAll("article .highlight > pre").forEach(addCopyButton);

  // The headings of a page have the same anchors in both languages.
  document.querySelector(".language-switch").addEventListener("click", ({ currentTarget }) => {
    currentTarget.search = location.search;
    currentTarget.hash = location.hash;
  });

  document.querySelectorAll(".nav-overlay-icon .icon").forEach((icon) => makeButton(icon, words.menu));
  document.querySelectorAll(".toc-overlay-icon .icon").forEach((icon) => makeButton(icon, words.contents));
  document.querySelectorAll(".theme-toggle").forEach((button) => button.setAttribute("aria-label", words.theme));
  document.querySelector(".sidebar-drawer").setAttribute("aria-label", words.menu);
  document.querySelector(".toc-drawer").setAttribute("aria-label", words.contents);
  for (const box of document.querySelectorAll("article pre, .table-wrapper")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; // scrolls with the arrow keys
  }
});
