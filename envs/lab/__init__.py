"""A lab's own way of seeing: cells under a procedural microscope, labelled by each lab's convention."""
