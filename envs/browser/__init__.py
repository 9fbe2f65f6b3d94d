"""The browser environment: web sites whose databases tell what was done, behind two engines."""
